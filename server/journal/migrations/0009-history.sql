-- What a workspace's claim to be a project rests on: an address or a name is anybody's to write down.
ALTER TABLE workspace ADD COLUMN history TEXT;                        -- its first commit; '' where that cannot be told; NULL: nobody has looked
ALTER TABLE workspace ADD COLUMN vouched INTEGER NOT NULL DEFAULT 0;  -- 1: the user trusted it when its project was noted
