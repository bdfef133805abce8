"""What containers and the machine use of processors and memory: measured when asked, and told as kubelets do."""
