package main

import "os"

var use func(int)

func main() {
	os.Args = nil // want 1.2: uncertain os.Args; 1.4..1.7: uncertain os.Args; 1.8..: nil os.Args
	use(1)
	os.Stdin = nil // want 1.2..1.7: uncertain os.Stdin; 1.8..: nil os.Stdin
	use(2)
	os.ErrInvalid = nil // want 1.2..1.7: uncertain os.ErrInvalid; 1.8..: nil os.ErrInvalid
}
