//! Services, their targets and how one is chosen.
