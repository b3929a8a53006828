"""After training: finished runs measured again, folders of images against one another."""
