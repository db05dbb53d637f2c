//! Invitations: a text that a member hands over by a channel that both trust, and that admits one device, once.
//! It carries a one-time key; who knows it can prove so, and the journal of the member stores only its public half.

use crate::member::Public;
use contract::DeviceKind;
use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use minicbor::{Decoder, Encoder};
use ulid::Ulid;
use zeroize::Zeroizing;

/// In front of an invitation's text.
pub const INVITATION: &str = "holdover-invitation-1.";
const CONTEXT: &[u8] = b"holdover invitation v1\0";
const PROOF: &[u8] = b"holdover invitation v1 proof\0";
/// Longest text that is read, in bytes.
const MAX_TEXT: usize = 2048;

/// What an invitation says.
pub(crate) struct Invitation {
    pub id: Ulid,
    pub project: [u8; 16],
    /// Whose word membership begins with.
    pub root: Public,
    pub inviter: Public,
    pub kind: DeviceKind,
    /// Until when it may be used, in milliseconds since 1970.
    pub until: i64,
    /// Until when the device will count.
    pub expires: Option<i64>,
    /// The one-time key.
    pub secret: Zeroizing<[u8; 32]>,
}

/// Why a text is no invitation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an invitation: {0}")]
pub struct InvitationError(pub(crate) String);

impl Invitation {
    /// The text, signed by the inviter.
    pub fn write(&self, key: &SigningKey) -> String {
        let mut bytes = Vec::new();
        // Writing to a Vec cannot fail.
        let _ = self.encode(&mut bytes);
        let signature = key.sign(&[CONTEXT, &bytes].concat());
        bytes.extend_from_slice(&signature.to_bytes());
        format!("{INVITATION}{}", hex::encode(bytes))
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), minicbor::encode::Error<std::convert::Infallible>> {
        let mut e = Encoder::new(out);
        e.array(8)?.bytes(&self.id.to_bytes())?.bytes(&self.project)?.bytes(&self.root)?.bytes(&self.inviter)?;
        e.u8(kind_number(self.kind))?.i64(self.until)?;
        match self.expires {
            Some(expires) => e.i64(expires)?,
            None => e.null()?,
        };
        e.bytes(self.secret.as_slice())?;
        Ok(())
    }

    /// Reads a text and proves that nobody changed it since the inviter wrote it.
    pub fn read(text: &str) -> Result<Invitation, InvitationError> {
        let bad = |detail: &str| InvitationError(detail.to_owned());
        let text = text.trim();
        if text.len() > MAX_TEXT {
            return Err(InvitationError(format!("it is longer than {MAX_TEXT} bytes")));
        }
        let digits = text.strip_prefix(INVITATION).ok_or_else(|| bad("it does not begin like one"))?;
        let bytes = hex::decode(digits).map_err(|_| bad("a part of it was lost or changed on the way"))?;
        let (front, signature) = bytes.split_last_chunk::<64>().ok_or_else(|| bad("a part of it is missing"))?;
        let invitation = Invitation::decode(front).map_err(InvitationError)?;
        let inviter = VerifyingKey::from_bytes(&invitation.inviter).map_err(|_| bad("its inviter's key is none"))?;
        inviter
            .verify_strict(&[CONTEXT, front].concat(), &Signature::from_bytes(signature))
            .map_err(|_| bad("it was changed on the way: its signature is not its inviter's"))?;
        Ok(invitation)
    }

    fn decode(bytes: &[u8]) -> Result<Invitation, String> {
        let say = |e: minicbor::decode::Error| e.to_string();
        let mut d = Decoder::new(bytes);
        let fields = d.array().map_err(say)?.unwrap_or(0);
        if fields < 8 {
            return Err(format!("{fields} fields, expected at least 8"));
        }
        let id = Ulid::from_bytes(fixed(&mut d)?);
        let (project, root, inviter) = (fixed(&mut d)?, fixed(&mut d)?, fixed(&mut d)?);
        let kind = kind_of(d.u8().map_err(say)?);
        let until = d.i64().map_err(say)?;
        let expires = match d.datatype().map_err(say)? {
            minicbor::data::Type::Null => d.null().map(|()| None).map_err(say)?,
            _ => Some(d.i64().map_err(say)?),
        };
        let secret = Zeroizing::new(fixed(&mut d)?);
        Ok(Invitation { id, project, root, inviter, kind, until, expires, secret })
    }

    /// The one-time key's public half, in hex.
    pub fn verifier(&self) -> String {
        hex::encode(SigningKey::from_bytes(&self.secret).verifying_key().to_bytes())
    }

    /// That a device knows the one-time key, in hex.
    pub fn proof(&self, device: &Public) -> String {
        let key = SigningKey::from_bytes(&self.secret);
        hex::encode(key.sign(&proven(self.id, device)).to_bytes())
    }
}

/// Whether a device knew an invitation's one-time key.
pub(crate) fn is_proven(invitation: Ulid, verifier: &str, device: &Public, proof: &str) -> bool {
    let (mut key, mut signature) = ([0; 32], [0; 64]);
    if hex::decode_to_slice(verifier, &mut key).is_err() || hex::decode_to_slice(proof, &mut signature).is_err() {
        return false;
    }
    VerifyingKey::from_bytes(&key)
        .is_ok_and(|key| key.verify_strict(&proven(invitation, device), &Signature::from_bytes(&signature)).is_ok())
}

fn proven(invitation: Ulid, device: &Public) -> Vec<u8> {
    [PROOF, &invitation.to_bytes(), device].concat()
}

fn kind_number(kind: DeviceKind) -> u8 {
    match kind {
        DeviceKind::Person => 0,
        DeviceKind::Tool => 1,
        DeviceKind::Ci => 2,
    }
}

/// Kinds of later versions are read as tools, which may the least.
fn kind_of(number: u8) -> DeviceKind {
    match number {
        0 => DeviceKind::Person,
        2 => DeviceKind::Ci,
        _ => DeviceKind::Tool,
    }
}

fn fixed<const N: usize>(d: &mut Decoder<'_>) -> Result<[u8; N], String> {
    let bytes = d.bytes().map_err(|e| e.to_string())?;
    bytes.try_into().map_err(|_| format!("{} bytes, expected {N}", bytes.len()))
}
