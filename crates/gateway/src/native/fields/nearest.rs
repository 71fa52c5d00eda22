//! Which known word somebody may have meant.

/// Characters of a word that are looked at.
const LOOKED_AT: usize = 40;

/// The word of `known` that is nearest to `word`, if it is near enough to be meant.
pub fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let near = known.iter().copied().min_by_key(|known| distance(word, known))?;
    (distance(word, near) <= near.len().div_ceil(3)).then_some(near)
}

/// Letters to change, add or leave out to come from one word to the other.
fn distance(one: &str, other: &str) -> usize {
    let one: Vec<char> = one.chars().take(LOOKED_AT).collect();
    let mut row: Vec<usize> = (0..=one.len()).collect();
    for (line, letter) in other.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = line + 1;
        for column in 1..row.len() {
            let changed = diagonal + usize::from(one[column - 1] != letter);
            diagonal = row[column];
            row[column] = changed.min(diagonal + 1).min(row[column - 1] + 1);
        }
    }
    row.last().copied().unwrap_or(0)
}
