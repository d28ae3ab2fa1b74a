"""Readers and formats that several stages share: media files, frames, audio, MFCC, face tubes, tar, model weights."""
