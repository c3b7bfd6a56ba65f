//! asg-pruning
