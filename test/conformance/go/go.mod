module vignette/conformance

go 1.21
