//! Makes self-signed certificates, as RFC 5280 writes them.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};

/// A certificate and its key (PKCS #8), both in DER.
pub struct Made {
    pub certificate: Vec<u8>,
    pub key: Vec<u8>,
}

/// For `localhost`, from and until `YYYYMMDDhhmmssZ`.
pub fn make(from: &str, until: &str) -> Made {
    let random = SystemRandom::new();
    let key =
        EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap().as_ref().to_vec();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &key).unwrap();

    let algorithm = sequence(&[object(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02])]);
    let common_name = sequence(&[object(&[0x55, 0x04, 0x03]), element(0x0c, b"a test")]);
    let name = sequence(&[element(0x31, &common_name)]);
    let curve = sequence(&[
        object(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]),
        object(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07]),
    ]);
    let alternative = sequence(&[element(0x82, b"localhost")]);
    let extension = sequence(&[object(&[0x55, 0x1d, 0x11]), element(0x04, &alternative)]);
    let content = sequence(&[
        element(0xa0, &element(0x02, &[2])),
        element(0x02, &[7]),
        algorithm.clone(),
        name.clone(),
        sequence(&[element(0x18, from.as_bytes()), element(0x18, until.as_bytes())]),
        name,
        sequence(&[curve, bits(pair.public_key().as_ref())]),
        element(0xa3, &sequence(&[extension])),
    ]);
    let signature = pair.sign(&random, &content).unwrap();
    Made { certificate: sequence(&[content, algorithm, bits(signature.as_ref())]), key }
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut all = vec![tag];
    match content.len() {
        short @ 0..0x80 => all.push(short as u8),
        long @ 0x80..0x100 => all.extend([0x81, long as u8]),
        long => all.extend([0x82, (long >> 8) as u8, long as u8]),
    }
    all.extend_from_slice(content);
    all
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, &parts.concat())
}

fn object(id: &[u8]) -> Vec<u8> {
    element(0x06, id)
}

fn bits(content: &[u8]) -> Vec<u8> {
    element(0x03, &[&[0], content].concat())
}
