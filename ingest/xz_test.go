package ingest

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ulikunitz/xz"
)

// Made by xz 5.4 from "hello\n", with each kind of check, and as two blocks of three bytes.
var xzSamples = map[string]string{
	"none":              "/Td6WFoAAAD/EtlBAgAhAQAAAAA3J5fWAQAFaGVsbG8KAAAAAAEWBsmlfdUGcp56AQAAAAAAWVo=",
	"crc32":             "/Td6WFoAAAFpIt42AgAhAQAAAAA3J5fWAQAFaGVsbG8KAAAAIDA6NgABGgbF6sh5kEKZDQEAAAAAAVla",
	"crc64":             "/Td6WFoAAATm1rRGAgAhAQAAAAA3J5fWAQAFaGVsbG8KAAAApWCX8ZT2/eAAAR4GwS+kHR+2830BAAAAAARZWg==",
	"sha256":            "/Td6WFoAAArh+wyhAgAhAQAAAAA3J5fWAQAFaGVsbG8KAAAAWJG1tSLV3whtD/CxEPvZ0hu0/HFjrzTQgoai6Eb2vgMAATYGa4H5QBibS5oBAAAAAApZWg==",
	"blocks":            "/Td6WFoAAATm1rRGAgAhAQAAAAA3J5fWAQACaGVsAAD2v1o9z7DJjgIAIQEAAAAANyeX1gEAAmxvCgAAfPStyEZnw9sAAhsDGwMAAA8oUlmxxGf7AgAAAAAEWVo=",
	"blocks with sizes": "/Td6WFoAAATm1rRGAsAHAyEBAACbr/OoAQACaGVsAAD2v1o9z7DJjgLABwMhAQAAm6/zqAEAAmxvCgAAfPStyEZnw9sAAhsDGwMAAA8oUlmxxGf7AgAAAAAEWVo=",
}

func TestXz(t *testing.T) {
	for name, text := range xzSamples {
		data, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			t.Fatal(err)
		}
		read := func(in []byte) (string, error) {
			out, err := io.ReadAll(newXzReader(iotest.OneByteReader(bytes.NewReader(in))))
			return string(out), err
		}
		if out, err := read(data); out != "hello\n" || err != nil {
			t.Errorf("%s: %q, %v", name, out, err)
		}
		padded := append(append(bytes.Clone(data), 0, 0, 0, 0), data...)
		if out, err := read(padded); out != "hello\nhello\n" || err != nil {
			t.Errorf("%s, twice: %q, %v", name, out, err)
		}
		for n := range data {
			if out, err := read(data[:n]); err == nil || !strings.HasPrefix("hello\n", out) {
				t.Errorf("%s, cut at %d: %q, %v", name, n, out, err)
			}
			changed := bytes.Clone(data)
			changed[n] ^= 0x10
			if out, err := read(changed); err == nil && out != "hello\n" && name != "none" {
				t.Errorf("%s, changed at %d: %q, %v", name, n, out, err)
			}
		}
	}
}

func TestXzAgainstLibrary(t *testing.T) {
	data := sampleMbox(100)
	for _, check := range []byte{xz.None, xz.CRC32, xz.CRC64, xz.SHA256} {
		var b bytes.Buffer
		w, err := xz.WriterConfig{CheckSum: check, NoCheckSum: check == xz.None, BlockSize: 100_000}.NewWriter(&b)
		if err != nil {
			t.Fatal(err)
		}
		w.Write(data)
		w.Close()
		if got, err := io.ReadAll(newXzReader(&b)); err != nil || !bytes.Equal(got, data) {
			t.Errorf("check %d: %d bytes, %v", check, len(got), err)
		}
	}
}

// A block that asks for a window of 4 GiB is refused before it gets any memory, be it the
// first or another.
func TestXzWindow(t *testing.T) {
	good, err := base64.StdEncoding.DecodeString(xzSamples["crc32"])
	if err != nil {
		t.Fatal(err)
	}
	const header = 12
	bad := bytes.Clone(good)
	i := bytes.Index(bad[header:], []byte{0x21, 1}) + header
	bad[i+2] = 40
	size := (int(bad[header]) + 1) * 4
	binary.LittleEndian.PutUint32(bad[header+size-4:], crc32.ChecksumIEEE(bad[header:header+size-4]))
	for _, in := range [][]byte{bad, append(bytes.Clone(good), bad...)} {
		if _, err := io.ReadAll(newXzReader(bytes.NewReader(in))); !errors.Is(err, errWindow) {
			t.Errorf("%v", err)
		}
	}
}

func FuzzXz(f *testing.F) {
	for _, text := range xzSamples {
		data, _ := base64.StdEncoding.DecodeString(text)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		_, err := io.CopyN(io.Discard, newXzReader(bytes.NewReader(data)), 1<<20)
		_ = err
	})
}
