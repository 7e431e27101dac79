"""The network that jobs run in: private subnets, endpoints, security groups, flow logs."""
