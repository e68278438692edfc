//go:build integration && soak

package imapsoak

import (
	"fmt"
	"strings"

	"github.com/bouncepipe/bouncepipe/internal/integration/lab"
)

func address(i int) string { return fmt.Sprintf("user%07d@example.net", i) }

// bounce is the bounce with that number, which is in its recipient's address and in the original's Message-ID. One in a
// thousand returns a large mail whole.
func bounce(i int) string {
	returned := ""
	if i%1000 == 500 {
		returned = "\n" + strings.Repeat("You have ordered a garden gnome, red, with lantern. It is on its way.\n", 4<<10)
	}
	return lab.Bounce(i, address(i), returned)
}
