//! Server access control lists.
