// Tool is a service that takes no notice of its arguments, --help among them.
package main

import "time"

func main() {
	for {
		time.Sleep(time.Hour)
	}
}
