//! History visibility: who may see an event.
