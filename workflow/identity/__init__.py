"""Who is at the keyboard: passwords, second factors, sessions, invitations and tokens, each change of them recorded."""
