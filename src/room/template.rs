//! Templates of `/make_join`, `/make_knock` and `/make_leave`.
