//! Normal numbers that a seed names.

/// Standard normal numbers, all determined by where the stream starts: Marsaglia's polar method (1964) on SplitMix64 (Steele, Lea and
/// Flood 2014).
pub(super) struct NormalStream {
    state: u64,
}

impl NormalStream {
    const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

    /// The stream of one block of what a seed names.
    pub(super) fn of(seed: u64, block: u64) -> Self {
        Self { state: mixed(mixed(seed).wrapping_add(block.wrapping_mul(Self::STEP))) }
    }

    /// From −1 to below 1, on a grid of 2⁻⁵².
    fn symmetric(&mut self) -> f64 {
        self.state = self.state.wrapping_add(Self::STEP);
        let bits = mixed(self.state) >> 11;
        bits as f64 * (2.0 / (1_u64 << 53) as f64) - 1.0
    }

    /// The next numbers.
    pub(super) fn fill(&mut self, normals: &mut [f64]) {
        for pair in normals.chunks_mut(2) {
            let (x, y) = self.pair();
            pair[0] = x;
            if let Some(second) = pair.get_mut(1) {
                *second = y;
            }
        }
    }

    fn pair(&mut self) -> (f64, f64) {
        loop {
            let (x, y) = (self.symmetric(), self.symmetric());
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                let scale = (-2.0 * square.ln() / square).sqrt();
                return (x * scale, y * scale);
            }
        }
    }
}

fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analytics::Moments;

    #[test]
    fn the_stream_is_that_of_its_authors() {
        // The first number of SplitMix64 from a state of zero.
        assert_eq!(mixed(NormalStream::STEP), 0xE220_A839_7B1D_CDAF);
        let mut normals = vec![0.0; 100_000];
        NormalStream::of(1, 0).fill(&mut normals);
        let moments = Moments::of(&normals).unwrap();
        // Within four standard errors: 1/√n, 1/√(2n), √(6/n) and √(24/n).
        assert!(moments.mean().abs() < 0.0127 && (moments.deviation(1).unwrap() - 1.0).abs() < 0.009);
        assert!(moments.skewness().unwrap().abs() < 0.031 && moments.excess_kurtosis().unwrap().abs() < 0.062);
    }
}
