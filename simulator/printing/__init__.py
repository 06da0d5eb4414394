"""Virtual IPP printers that turn a received PDF into paper with its picture. They never look at what a mark means."""
