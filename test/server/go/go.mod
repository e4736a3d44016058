module vignette/server

go 1.21
