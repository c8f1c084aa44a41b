"""What senders are told: delivery status notifications and warnings of delay."""
