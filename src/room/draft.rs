//! New events, assembled, hashed and signed.
