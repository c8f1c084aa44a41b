"""A TCP connection: when does what one side writes reach the other?"""
