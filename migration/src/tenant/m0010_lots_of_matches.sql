-- Which lot a disposal used, where one transaction opened several: those that stand were opened in the disposal's account,
-- each by a transaction of its own.
ALTER TABLE lot_match ADD COLUMN lot_account_id uuid, ADD COLUMN lot_ordinal integer;
UPDATE lot_match SET lot_account_id = account_id, lot_ordinal = 0 WHERE lot_transaction_id IS NOT NULL;
ALTER TABLE lot_match ADD CHECK (
    (lot_transaction_id IS NULL) = (lot_account_id IS NULL) AND (lot_transaction_id IS NULL) = (lot_ordinal IS NULL)
);
