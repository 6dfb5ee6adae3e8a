"""Line icons on a grid of 24, by the names that declarations use (`icon="tags"`).

Decoration only: every use has words beside it. Names follow Lucide, and so do many of the shapes:
Copyright (c) Lucide Contributors, ISC License. Permission to use, copy, modify, and/or distribute this software for
any purpose with or without fee is hereby granted, provided that the above copyright notice and this permission notice
appear in all copies. THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS
SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR
ANY SPECIAL, DIRECT, INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR
PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH
THE USE OR PERFORMANCE OF THIS SOFTWARE.
"""

from functools import cache

from markupsafe import Markup

UNKNOWN = "file-text"


@cache
def draw_icon(name: str) -> Markup:
    """A page of text for a name that is not here."""
    return _OPENING + _SHAPES.get(name, _SHAPES[UNKNOWN]) + _CLOSING


_OPENING = Markup(
    '<svg class="i" width="20" height="20" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
    'stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" focusable="false">'
)
_CLOSING = Markup("</svg>")
_SHAPES = {
    "arrow-left": Markup('<path d="m12 19-7-7 7-7"/><path d="M19 12H5"/>'),
    "calendar": Markup(
        '<rect x="3" y="4" width="18" height="17" rx="2"/><path d="M3 9h18"/><path d="M8 2v4"/><path d="M16 2v4"/>'
    ),
    "credit-card": Markup('<rect x="2" y="5" width="20" height="14" rx="2"/><path d="M2 10h20"/><path d="M6 15h4"/>'),
    "download": Markup(
        '<path d="M12 15V3"/><path d="M21 15v4a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2v-4"/><path d="m7 10 5 5 5-5"/>'
    ),
    "file-text": Markup(
        '<path d="M6 22a2 2 0 0 1-2-2V4a2 2 0 0 1 2-2h8a2.4 2.4 0 0 1 1.704.706l3.588 3.588A2.4 2.4 0 0 1 20 '
        '8v12a2 2 0 0 1-2 2z"/>'
        '<path d="M14 2v5a1 1 0 0 0 1 1h5"/>'
        '<path d="M10 9H8"/>'
        '<path d="M16 13H8"/>'
        '<path d="M16 17H8"/>'
    ),
    "folder-open": Markup(
        '<path d="m6 14 1.5-2.9A2 2 0 0 1 9.24 10H20a2 2 0 0 1 1.94 2.5l-1.54 6a2 2 0 0 1-1.95 1.5H4a2 2 0 0 '
        '1-2-2V5a2 2 0 0 1 2-2h3.9a2 2 0 0 1 1.69.9l.81 1.2a2 2 0 0 0 1.67.9H18a2 2 0 0 1 2 2v2"/>'
    ),
    "heart": Markup('<path d="M12 20.5 3.6 12a5 5 0 0 1 7-7.1L12 6.3l1.4-1.4a5 5 0 0 1 7 7.1z"/>'),
    "images": Markup(
        '<path d="m22 11-1.296-1.296a2.4 2.4 0 0 0-3.408 0L11 16"/>'
        '<path d="M4 8a2 2 0 0 0-2 2v10a2 2 0 0 0 2 2h10a2 2 0 0 0 2-2"/>'
        '<circle cx="13" cy="7" r="1" fill="currentColor"/>'
        '<rect x="8" y="2" width="14" height="14" rx="2"/>'
    ),
    "info": Markup('<circle cx="12" cy="12" r="10"/><path d="M12 16v-4"/><path d="M12 8h.01"/>'),
    "key-round": Markup(
        '<path d="M2.586 17.414A2 2 0 0 0 2 18.828V21a1 1 0 0 0 1 1h3a1 1 0 0 0 1-1v-1a1 1 0 0 1 1-1h1a1 1 0 '
        '0 0 1-1v-1a1 1 0 0 1 1-1h.172a2 2 0 0 0 1.414-.586l.814-.814a6.5 6.5 0 1 0-4-4z"/>'
        '<circle cx="16.5" cy="7.5" r=".5" fill="currentColor"/>'
    ),
    "layout-dashboard": Markup(
        '<rect width="7" height="9" x="3" y="3" rx="1"/>'
        '<rect width="7" height="5" x="14" y="3" rx="1"/>'
        '<rect width="7" height="9" x="14" y="12" rx="1"/>'
        '<rect width="7" height="5" x="3" y="16" rx="1"/>'
    ),
    "list-checks": Markup(
        '<path d="m3 6.5 1.5 1.5L7.5 5"/>'
        '<path d="m3 17.5 1.5 1.5L7.5 16"/>'
        '<path d="M12 6h9"/>'
        '<path d="M12 12h9"/>'
        '<path d="M12 18h9"/>'
    ),
    "lock": Markup('<rect width="18" height="11" x="3" y="11" rx="2" ry="2"/><path d="M7 11V7a5 5 0 0 1 10 0v4"/>'),
    "mail": Markup(
        '<path d="m22 7-8.991 5.727a2 2 0 0 1-2.009 0L2 7"/><rect x="2" y="4" width="20" height="16" rx="2"/>'
    ),
    "map-pin": Markup('<path d="M20 10c0 5-8 12-8 12s-8-7-8-12a8 8 0 0 1 16 0z"/><circle cx="12" cy="10" r="3"/>'),
    "message-square-text": Markup(
        '<path d="M22 17a2 2 0 0 1-2 2H6.828a2 2 0 0 0-1.414.586l-2.202 2.202A.71.71 0 0 1 2 21.286V5a2 2 0 '
        '0 1 2-2h16a2 2 0 0 1 2 2z"/>'
        '<path d="M7 11h10"/>'
        '<path d="M7 15h6"/>'
        '<path d="M7 7h8"/>'
    ),
    "messages-square": Markup(
        '<path d="M16 10a2 2 0 0 1-2 2H6.828a2 2 0 0 0-1.414.586l-2.202 2.202A.71.71 0 0 1 2 14.286V4a2 2 0 '
        '0 1 2-2h10a2 2 0 0 1 2 2z"/>'
        '<path d="M20 9a2 2 0 0 1 2 2v10.286a.71.71 0 0 1-1.212.502l-2.202-2.202A2 2 0 0 0 17.172 19H10a2 2 '
        '0 0 1-2-2v-1"/>'
    ),
    "monitor": Markup('<rect x="2" y="3" width="20" height="14" rx="2"/><path d="M8 21h8"/><path d="M12 17v4"/>'),
    "notebook-pen": Markup(
        '<path d="M13 3H6a2 2 0 0 0-2 2v14a2 2 0 0 0 2 2h12a2 2 0 0 0 2-2v-6"/>'
        '<path d="M2 7h4"/>'
        '<path d="M2 12h4"/>'
        '<path d="M2 17h4"/>'
        '<path d="m20.4 6.6-6 6L11 13.5l.9-3.4 6-6a1.77 1.77 0 0 1 2.5 2.5z"/>'
    ),
    "package-open": Markup(
        '<path d="M12 22v-9"/>'
        '<path d="M15.17 2.21a1.67 1.67 0 0 1 1.63 0L21 4.57a1.93 1.93 0 0 1 0 3.36L8.82 14.79a1.655 1.655 0 '
        '0 1-1.64 0L3 12.43a1.93 1.93 0 0 1 0-3.36z"/>'
        '<path d="M20 13v3.87a2.06 2.06 0 0 1-1.11 1.83l-6 3.08a1.93 1.93 0 0 1-1.78 0l-6-3.08A2.06 2.06 0 0 '
        '1 4 16.87V13"/>'
        '<path d="M21 12.43a1.93 1.93 0 0 0 0-3.36L8.83 2.2a1.64 1.64 0 0 0-1.63 0L3 4.57a1.93 1.93 0 0 0 0 '
        '3.36l12.18 6.86a1.636 1.636 0 0 0 1.63 0z"/>'
    ),
    "settings": Markup(
        '<path d="M9.671 4.136a2.34 2.34 0 0 1 4.659 0 2.34 2.34 0 0 0 3.319 1.915 2.34 2.34 0 0 1 2.33 '
        "4.033 2.34 2.34 0 0 0 0 3.831 2.34 2.34 0 0 1-2.33 4.033 2.34 2.34 0 0 0-3.319 1.915 2.34 2.34 0 0 "
        "1-4.659 0 2.34 2.34 0 0 0-3.32-1.915 2.34 2.34 0 0 1-2.33-4.033 2.34 2.34 0 0 0 0-3.831A2.34 2.34 0 "
        '0 1 6.35 6.051a2.34 2.34 0 0 0 3.319-1.915"/>'
        '<circle cx="12" cy="12" r="3"/>'
    ),
    "shopping-cart": Markup(
        '<path d="M2 3h3l2.5 12h11L21 7H6"/><circle cx="9" cy="20" r="1"/><circle cx="17" cy="20" r="1"/>'
    ),
    "star": Markup('<path d="m12 3 2.7 5.7 6.3.8-4.6 4.3 1.2 6.2-5.6-3-5.6 3 1.2-6.2L3 9.5l6.3-.8z"/>'),
    "tag": Markup(
        '<path d="M3 4a1 1 0 0 1 1-1h8l8.4 8.4a2 2 0 0 1 0 2.8l-6.2 6.2a2 2 0 0 1-2.8 0L3 12z"/>'
        '<path d="M7.5 7.5h.01"/>'
    ),
    "tags": Markup(
        '<path d="M2 7a1 1 0 0 1 1-1h6l6.4 6.4a2 2 0 0 1 0 2.8l-4.7 4.7a2 2 0 0 1-2.8 0L2 14z"/>'
        '<path d="m13 5 7 7.1a3 3 0 0 1 0 4.2L16.4 20"/>'
        '<path d="M6 10h.01"/>'
    ),
    "triangle-alert": Markup(
        '<path d="m21.73 18-8-14a2 2 0 0 0-3.48 0l-8 14A2 2 0 0 0 4 21h16a2 2 0 0 0 1.73-3"/>'
        '<path d="M12 9v4"/>'
        '<path d="M12 17h.01"/>'
    ),
    "users": Markup(
        '<path d="M18 21a8 8 0 0 0-16 0"/>'
        '<circle cx="10" cy="8" r="5"/>'
        '<path d="M22 20c0-3.37-2-6.5-4-8a5 5 0 0 0-.45-8.3"/>'
    ),
    "user": Markup('<circle cx="12" cy="8" r="5"/><path d="M20 21a8 8 0 0 0-16 0"/>'),
    "wifi-off": Markup(
        '<path d="M12 20h.01"/>'
        '<path d="M8.5 16.429a5 5 0 0 1 7 0"/>'
        '<path d="M5 12.859a10 10 0 0 1 5.17-2.69"/>'
        '<path d="M19 12.859a10 10 0 0 0-2.007-1.523"/>'
        '<path d="M2 8.82a15 15 0 0 1 4.177-2.643"/>'
        '<path d="M22 8.82a15 15 0 0 0-11.288-3.764"/>'
        '<path d="m2 2 20 20"/>'
    ),
    "globe": Markup(
        '<circle cx="12" cy="12" r="10"/>'
        '<path d="M12 2a14.5 14.5 0 0 0 0 20 14.5 14.5 0 0 0 0-20"/>'
        '<path d="M2 12h20"/>'
    ),
}
