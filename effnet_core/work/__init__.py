"""Work in processes of its own: workers, the queue in which jobs wait for them, and how long such jobs took before."""
