//! What no crash, restore or copied disk may do.
