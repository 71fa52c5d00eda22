"""What the black-box tests share: the server as a child process, and clients that show what is on the wire."""
