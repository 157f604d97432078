"""Further chapters: files whose RECORD is a function from the material to a chapter, or to None for none."""
