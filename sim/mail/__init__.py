"""What mail is: addresses, paths, envelopes, messages, trace fields and delivery reports."""
