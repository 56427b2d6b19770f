"""The call: FastAGI and AudioSocket servers, AMI, dialogue, emergency hand-over, durable outbox and live-call board."""
