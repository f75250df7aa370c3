//! Pages as nobody should write them.

use super::*;

fn found(html: &str) -> Vec<&str> {
    with_nonce(html, "N0nce+/=")
}

#[test]
fn scripts_with_the_nonce_are_found_however_their_tags_are_written() {
    for html in [
        r#"<script nonce="N0nce+/=">go()</script>"#,
        r#"<SCRIPT NONCE='N0nce+/='>go()</ScRiPt >"#,
        "<script\n\tasync nonce = N0nce+/= \n>go()</script\n>",
        r#"<script/nonce="N0nce+/="/>go()</script/x>"#,
        r#"<p title="<script>">a < b</p><script nonce="N0nce+/=">go()</script>"#,
        r#"<!doctype html><!-- <script> --><script nonce="N0nce+/=">go()</script>"#,
        r#"<!--><script nonce="N0nce+/=">go()</script>"#,
        r#"<!---><script nonce="N0nce+/=">go()</script>"#,
        r#"<!-- --!><script nonce="N0nce+/=">go()</script>"#,
        r#"<title><script></title><script nonce="N0nce+/=">go()</script>"#,
        r#"<textarea></textareas></textarea><script nonce="N0nce+/=">go()</script>"#,
        r#"<?xml <script> ?><script nonce="N0nce+/=">go()</script>"#,
        r#"</p title='>'><script nonce="N0nce+/=">go()</script>"#,
        r#"<script>1</script><script nonce="N0nce+/=">go()</script><script>2</script>"#,
    ] {
        assert_eq!(found(html), ["go()"], "{html}");
    }
}

#[test]
fn scripts_without_the_pages_own_nonce_are_not_found() {
    for html in [
        "<script>evil()</script>",
        "<script nonce>evil()</script>",
        r#"<script nonce="">evil()</script>"#,
        r#"<script nonce="n0nce+/=">evil()</script>"#,
        r#"<script nonce="N0nce+/= ">evil()</script>"#,
        r#"<script nonce="other" nonce="N0nce+/=">evil()</script>"#,
        r#"<script data-nonce="N0nce+/=">evil()</script>"#,
        r#"<script title='nonce="N0nce+/="'>evil()</script>"#,
        r#"<script nonce="N0nce+/=" src="/a.js"></script>"#,
        r#"<scripts nonce="N0nce+/=">evil()</scripts>"#,
        r#"<!-- <script nonce="N0nce+/=">evil()</script> -->"#,
        r#"<style><script nonce="N0nce+/=">evil()</script></style>"#,
        r#"<noscript><script nonce="N0nce+/=">evil()</script></noscript>"#,
        r#"<a title="<script nonce='N0nce+/='>evil()</script>">"#,
        r#"<plaintext><script nonce="N0nce+/=">evil()</script>"#,
        r#"&lt;script nonce="N0nce+/="&gt;evil()&lt;/script&gt;"#,
    ] {
        assert_eq!(found(html), [""; 0], "{html}");
    }
    assert_eq!(with_nonce("<script nonce=''>evil()</script>", ""), [""; 0]);
}

#[test]
fn a_script_ends_where_a_browser_ends_it() {
    let script = |text: &str| format!(r#"<script nonce="N0nce+/=">{text}</script><p>"#);
    for text in [
        "'</scripts>'",
        "'<!--' ; '-->'",
        "<!-- a",
        "<!-- <script> '</script>' -->",
        "<!-- <script> </script> <script> </script> -->",
        "<!--> 1",
        "a < b && '</'",
        "",
        "\n",
    ] {
        assert_eq!(found(&script(text)), [text], "{text}");
    }
    let cut = found(r#"<script nonce="N0nce+/=">'</script>'<script>x</script>"#);
    assert_eq!(cut, ["'"], "an end tag within quotes is an end tag");
    let reopened = found(r#"<script nonce="N0nce+/="><!-- <script> -->1</script>2"#);
    assert_eq!(reopened, ["<!-- <script> -->1"]);
}

#[test]
fn whatever_is_cut_off_is_read_to_its_end() {
    let html = r#"<!doctype html><p a='b' c=d e>é<!-- x --><title>t</title>
        <script nonce="N0nce+/="><!-- <script> </script> --></script><style>a</style>"#;
    for end in (0..=html.len()).filter(|end| html.is_char_boundary(*end)) {
        let scripts = found(&html[..end]);
        assert!(scripts.len() <= 1, "{end}");
    }
    for odd in ["<", "</", "<!", "<!-", "<!--", "<a =", "<a ==", "<a b=", "<a b='", "<script", "<é"]
    {
        assert_eq!(found(odd), [""; 0], "{odd}");
    }
}
