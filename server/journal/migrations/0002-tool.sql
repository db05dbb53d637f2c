-- The tool that runs under a lease, so that whoever takes the lease over can end what its holder left behind.
-- Boot and process id namespace are those of the holder.
ALTER TABLE lease ADD COLUMN tool_pid INTEGER;      -- leader of its process group; NULL where none runs
ALTER TABLE lease ADD COLUMN tool_started INTEGER;  -- when the leader was started, in the kernel's ticks since boot
