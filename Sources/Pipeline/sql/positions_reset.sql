UPDATE userload.positions SET generation = 1, next_offset = -1, anchor_offset = NULL, anchor_hash = NULL WHERE cluster = :'cluster' AND topic = :'topic' AND generation = 2147483647;
