"""Running work in worker processes: the line of jobs, what each kind of job does, and its steps."""
