//! Receipt check 7: policy servers.
