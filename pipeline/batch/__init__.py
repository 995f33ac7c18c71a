"""Many packets, unattended. `intake.screen_all` is the way in; a worker's process imports `processes` and `work` alone."""
