use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn json_has_one_spelling() {
    let given = json!({ "b": [1, -2, 1.5, 1e300, null, true], "a": "\u{1}\"\\\n\u{7f}é😀", "aa": {}, "Z": [],
        "\u{e000}": 9_007_199_254_740_991_i64, "\u{10000}": 9_007_199_254_740_992_i64 });
    assert_eq!(
        canonical(&given),
        "{\"Z\":[],\"a\":\"\\u0001\\\"\\\\\\n\u{7f}é😀\",\"aa\":{},\"b\":[1,-2,\"1.5\",\"1e+300\",null,true],\
         \"\u{e000}\":9007199254740991,\"\u{10000}\":\"9007199254740992\"}"
    );
}

#[test]
fn hexadecimal_digits_read_back() {
    assert_eq!(hex(&[0, 0xab, 0xff]), "00abff");
    assert_eq!(unhex("00ABff"), Some(vec![0, 0xab, 0xff]));
    for bad in ["0", "0g", "é0", "+1"] {
        assert_eq!(unhex(bad), None, "{bad}");
    }
}

/// The figures are of `printf 'portfolio-analyzer audit log 1\0t_x' | sha256sum` and the like: the form is as documented.
#[test]
fn the_encoding_is_as_documented() {
    assert_eq!(hex(&genesis("t_x")), "21e2394311a1160b352b37f3d94c367e8cacc99439fe91055358173d0de93e96");
    assert_eq!(commitment(&[1, 2], "a@b"), "451006e887d89defa330d1639239f3fd4b494a769f5051e6974e8c3c098d84c1");
    let signed = of_checkpoint("t_x", 2, &[9], 3, "k");
    assert_eq!(
        hex(&signed[CHECKPOINT.len()..]),
        "0100000003745f78010000000800000000000000020100000001090100000008000000000000000301000000016b"
    );
}

fn any_json() -> impl Strategy<Value = Value> {
    let text = "[ -~\u{80}-\u{2ff}\u{e000}-\u{e010}\u{10000}-\u{10010}\t\n]{0,6}";
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(text, inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    /// What is read back of the one spelling is what was spelled, and is spelled so again.
    #[test]
    fn the_spelling_loses_nothing(value in any_json()) {
        let text = canonical(&value);
        let read: Value = serde_json::from_str(&text).expect("JSON");
        prop_assert_eq!(&read, &value);
        prop_assert_eq!(canonical(&read), text);
    }

    /// Different values have different spellings.
    #[test]
    fn the_spelling_tells_values_apart(one in any_json(), other in any_json()) {
        prop_assert_eq!(one == other, canonical(&one) == canonical(&other));
    }

    #[test]
    fn bytes_read_back(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        prop_assert_eq!(unhex(&hex(&bytes)), Some(bytes));
    }
}
