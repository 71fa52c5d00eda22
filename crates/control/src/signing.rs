//! Whether a signature is somebody's.

/// True when these 64 bytes are the Ed25519 signature of the message by the owner of the public key.
pub fn verify(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    vault::verify(key, message, signature).is_ok()
}
