// placeholder, delete me
