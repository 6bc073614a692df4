//! The checksums of S3, under the name and with the types of the crate `crc-fast` that the SDK of S3 asks for. That crate
//! knows a hundred kinds of checksum and keeps tables of 660 KB for them, which no binary that uses S3 can leave out: a
//! twelfth of a function, fetched at every cold start. S3 has three kinds.

/// A kind of checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CrcAlgorithm {
    /// S3's CRC32: that of Ethernet, gzip and zip.
    Crc32IsoHdlc,
    /// S3's CRC32C: that of iSCSI.
    Crc32Iscsi,
    /// S3's CRC64NVME, which it makes itself of what comes without a checksum.
    Crc64Nvme,
}

/// What a byte, followed by as many zeros as the table's place, makes of a checksum.
type Tables = [[u64; 256]; 8];

static CRC32: Tables = tables(0xedb8_8320);
static CRC32C: Tables = tables(0x82f6_3b78);
static CRC64_NVME: Tables = tables(0x9a6c_9329_ac4b_c9b5);

/// The tables of a polynomial with its bits in reverse. All three kinds take a byte's lowest bit first, so that the width
/// does not matter.
const fn tables(polynomial: u64) -> Tables {
    let mut tables = [[0; 256]; 8];
    let mut byte = 0;
    while byte < 256 {
        let (mut crc, mut bit) = (byte as u64, 0);
        while bit < 8 {
            crc = (crc >> 1) ^ ((crc & 1) * polynomial);
            bit += 1;
        }
        tables[0][byte] = crc;
        byte += 1;
    }
    let mut place = 1;
    while place < 8 {
        let mut byte = 0;
        while byte < 256 {
            let crc: u64 = tables[place - 1][byte];
            tables[place][byte] = (crc >> 8) ^ tables[0][(crc & 0xff) as usize];
            byte += 1;
        }
        place += 1;
    }
    tables
}

/// A checksum as it grows.
#[derive(Debug, Clone, Copy)]
pub struct Digest {
    algorithm: CrcAlgorithm,
    crc: u64,
}

impl Digest {
    /// The checksum of nothing.
    pub fn new(algorithm: CrcAlgorithm) -> Self {
        Self { algorithm, crc: ones(algorithm) }
    }

    /// Takes in what comes next, 8 bytes at a time (Kounavis and Berry, "A Systematic Approach to Building High Performance
    /// Software-based CRC Generators").
    pub fn update(&mut self, data: &[u8]) {
        let tables = match self.algorithm {
            CrcAlgorithm::Crc32IsoHdlc => &CRC32,
            CrcAlgorithm::Crc32Iscsi => &CRC32C,
            CrcAlgorithm::Crc64Nvme => &CRC64_NVME,
        };
        let (eights, rest) = data.as_chunks::<8>();
        for eight in eights {
            let mixed = (self.crc ^ u64::from_le_bytes(*eight)).to_le_bytes();
            let taken = mixed.iter().zip(tables.iter().rev());
            self.crc = taken.fold(0, |crc, (byte, table)| crc ^ table[usize::from(*byte)]);
        }
        for byte in rest {
            self.crc = (self.crc >> 8) ^ tables[0][usize::from(self.crc.to_le_bytes()[0] ^ byte)];
        }
    }

    /// The checksum, in the lowest of its bits.
    pub fn finalize(&self) -> u64 {
        self.crc ^ ones(self.algorithm)
    }
}

/// All bits of a checksum: what each begins with, and is turned over by in the end.
fn ones(algorithm: CrcAlgorithm) -> u64 {
    match algorithm {
        CrcAlgorithm::Crc32IsoHdlc | CrcAlgorithm::Crc32Iscsi => u64::from(u32::MAX),
        CrcAlgorithm::Crc64Nvme => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [CrcAlgorithm; 3] =
        [CrcAlgorithm::Crc32IsoHdlc, CrcAlgorithm::Crc32Iscsi, CrcAlgorithm::Crc64Nvme];

    fn checksum(algorithm: CrcAlgorithm, parts: &[&[u8]]) -> u64 {
        let mut digest = Digest::new(algorithm);
        parts.iter().for_each(|part| digest.update(part));
        digest.finalize()
    }

    /// Bit by bit, as the definition says.
    fn defined(polynomial: u64, ones: u64, data: &[u8]) -> u64 {
        data.iter().fold(ones, |crc, byte| {
            (0..8).fold(crc ^ u64::from(*byte), |crc, _| (crc >> 1) ^ ((crc & 1) * polynomial))
        }) ^ ones
    }

    #[test]
    fn the_check_values_of_the_catalogue_come_out() {
        // "Catalogue of parametrised CRC algorithms": CRC-32/ISO-HDLC, CRC-32/ISCSI, CRC-64/NVME.
        let expected = [0xcbf4_3926, 0xe306_9283, 0xae8b_1486_0a79_9888];

        assert_eq!(ALL.map(|algorithm| checksum(algorithm, &[b"123456789"])), expected);
        assert_eq!(ALL.map(|algorithm| checksum(algorithm, &[])), [0; 3]);
    }

    #[test]
    fn parts_of_any_length_make_the_checksum_of_the_whole() {
        let data: Vec<u8> = (0..1_000_u32).map(|n| ((n * n) >> 3).to_le_bytes()[0]).collect();
        let polynomials = [0xedb8_8320, 0x82f6_3b78, 0x9a6c_9329_ac4b_c9b5];

        for (algorithm, polynomial) in ALL.into_iter().zip(polynomials) {
            let whole = defined(polynomial, ones(algorithm), &data);
            assert_eq!(checksum(algorithm, &[&data]), whole);
            for cut in (0..40).chain([500, 997, 1_000]) {
                let (first, second) = data.split_at(cut);
                assert_eq!(checksum(algorithm, &[first, second]), whole, "{algorithm:?} cut at {cut}");
            }
        }
    }
}
