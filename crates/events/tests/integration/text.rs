//! Parameters and fields of whatever bytes come.

use eyrie_events::EventType;

use crate::surface::exercise_bytes;

#[test]
fn no_bytes_are_too_odd_to_be_shown() {
    let mut random = fastrand::Rng::with_seed(4);
    for _ in 0..200 {
        let mut bytes = vec![1 + 2 * random.u8(0..2)];
        for _ in 0..random.usize(1..8) {
            let ty = EventType(random.u16(0..EventType::COUNT as u16));
            let info = ty.info().unwrap();
            bytes.extend(ty.0.to_le_bytes());
            bytes.push(*random.choice(&[0, 1, 7, 7, 7, 9]).unwrap());
            let count = if random.u8(0..4) == 0 { random.u8(0..33) } else { info.params.len() as u8 };
            bytes.push(count);
            for at in 0..usize::from(count) {
                // Mostly as long as the type is.
                let width =
                    info.params.get(at).and_then(|param| param.ty.width()).map_or(20, |width| width.bits / 8);
                let len = if random.u8(0..8) == 0 { random.u8(0..40) } else { width };
                bytes.push(len);
                bytes.extend((0..len).map(|at| match random.u8(0..4) {
                    0 => random.u8(..),
                    1 if at == len - 1 => 0,
                    1 => b'/',
                    _ => *random.choice(&[0, 1, 2, 3, 10, b'a', b'.', 255]).unwrap(),
                }));
            }
        }
        exercise_bytes(&bytes);
    }
}
