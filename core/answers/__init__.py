"""What pages ask of the answer worker: named inputs in, small frozen results out."""
