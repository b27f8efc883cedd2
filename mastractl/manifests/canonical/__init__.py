"""The one way to write a manifest: what `fmt` makes of a text, comments and all, its meaning untouched.

`parts` reads a text into parts that keep everything a person wrote, `words` and `layout` write them again,
`order` knows which key comes first, and `formatter` holds that the result says what the text said.
"""
