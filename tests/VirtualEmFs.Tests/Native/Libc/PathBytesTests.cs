using System.Text;
using VirtualEmFs.Native.Libc;
using Xunit;

namespace VirtualEmFs.Tests.Native.Libc;

public sealed class PathBytesTests
{
    [Theory]
    [InlineData("plain.hdf")]
    [InlineData("größe-Ω-😀.mrc")]
    [InlineData("")]
    public void Encode_Text_IsUtf8WithNul(string text) =>
        Assert.Equal([.. Encoding.UTF8.GetBytes(text), 0], PathBytes.Encode(text));

    /// <summary>A byte lost here would make a file of the source unreachable.</summary>
    [Fact]
    public void Decode_AnyBytes_SurviveEncode()
    {
        var random = new Random(7);
        for (int i = 0; i < 20_000; i++)
        {
            var bytes = new byte[random.Next(0, 40)];
            for (int k = 0; k < bytes.Length; k++)
            {
                // Mostly bytes that begin, continue or break UTF-8 sequences.
                bytes[k] = (byte)(random.Next(3) == 0 ? random.Next(1, 128) : random.Next(128, 256));
            }

            byte[] again = PathBytes.Encode(PathBytes.Decode(bytes));
            Assert.Equal(bytes, again[..^1]);
        }
    }

    [Fact]
    public void Decode_InvalidByte_BecomesLoneSurrogate() =>
        Assert.Equal("a\uDCFFb", PathBytes.Decode([(byte)'a', 0xFF, (byte)'b']));

    // Attribute arguments are stored as UTF-8, which has no lone surrogates: a loop stands for a theory.
    [Fact]
    public void Encode_WhatNoNameDecodesTo_Throws()
    {
        foreach (string text in (string[])["a\0b", "\uD800x", "\uDC00x"])
        {
            Assert.Throws<ArgumentException>(() => PathBytes.Encode(text));
        }
    }
}
