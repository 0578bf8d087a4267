"""Where weights lie and how they are read; the shipped folders lie beside this file."""
