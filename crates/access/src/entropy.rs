//! Randomness as an argument, and the one place that takes it from the operating system.

/// A source of random bytes. Production uses [`system`]; tests and simulations pass a seeded closure.
pub trait Entropy: Send + Sync {
    /// Fills `bytes` completely.
    ///
    /// # Errors
    /// [`EntropyFailed`] if the source cannot; nothing may be made of `bytes` then.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyFailed>;
}

/// The operating system gave no randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub struct EntropyFailed;

impl<F> Entropy for F
where
    F: Fn(&mut [u8]) -> Result<(), EntropyFailed> + Send + Sync,
{
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyFailed> {
        self(bytes)
    }
}

/// Randomness of the operating system, fit for keys.
pub fn system() -> impl Entropy + Copy {
    fill_from_system
}

#[expect(clippy::disallowed_methods, reason = "the one real source; everything else takes it as an argument")]
fn fill_from_system(bytes: &mut [u8]) -> Result<(), EntropyFailed> {
    getrandom::fill(bytes).map_err(|_| EntropyFailed)
}

/// A name for one life of one process: 12 of a-z and 0-9. Never used twice.
///
/// # Errors
/// [`EntropyFailed`]
pub fn instance_name(entropy: &dyn Entropy) -> Result<String, EntropyFailed> {
    crate::token::lower_alphanumeric(entropy, 12)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_gives_different_bytes() {
        let (mut one, mut two) = ([0; 32], [0; 32]);
        system().fill(&mut one).unwrap();
        system().fill(&mut two).unwrap();
        assert_ne!(one, two);
        assert_eq!(instance_name(&system()).unwrap().len(), 12);
    }
}
