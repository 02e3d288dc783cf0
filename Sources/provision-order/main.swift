// placeholder, replace me
