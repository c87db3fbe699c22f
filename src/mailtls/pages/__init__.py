"""The page of each rule, as `mailtls explain` prints it; docs/rules leads here."""
