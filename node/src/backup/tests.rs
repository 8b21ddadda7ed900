//! What a backup holds and what it leaves behind.
