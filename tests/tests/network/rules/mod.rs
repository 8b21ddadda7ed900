//! What members, operators and readers rely on.
