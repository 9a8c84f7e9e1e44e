using System.Numerics;
using System.Runtime.InteropServices;

namespace VirtualEmFs.Frames.Kernels;

/// <summary>CRC-32C (Castagnoli) of byte runs, and of their concatenation: chunks of a frame are summed on several threads.</summary>
/// <remarks>Pure; any thread. The usual form: initial value and final XOR are all ones; "123456789" gives E3069283.</remarks>
public static class Crc32C
{
    private const uint ReversedPolynomial = 0x82F63B78;

    /// <summary>The checksum of a run, or of a run that follows bytes already summed.</summary>
    /// <param name="checksum">Of the bytes before; 0 for none.</param>
    public static uint Append(uint checksum, ReadOnlySpan<byte> bytes)
    {
        uint register = ~checksum;
        foreach (ulong word in MemoryMarshal.Cast<byte, ulong>(bytes))
        {
            register = BitOperations.Crc32C(register, word);
        }

        foreach (byte value in bytes[(bytes.Length & ~7)..])
        {
            register = BitOperations.Crc32C(register, value);
        }

        return ~register;
    }

    /// <summary>The checksum of two runs in a row, from the checksums of both.</summary>
    /// <param name="secondLengthBytes">Length of the second run.</param>
    public static uint Combine(uint first, uint second, long secondLengthBytes)
    {
        // Appending n zero bytes multiplies the register by x^8n modulo the polynomial; the ones at start and end cancel.
        uint power = 0x80000000; // x^0; bit 31 is the lowest power
        uint square = 0x00800000; // x^8
        for (long rest = secondLengthBytes; rest > 0; rest >>= 1)
        {
            if ((rest & 1) != 0)
            {
                power = Multiply(power, square);
            }

            square = Multiply(square, square);
        }

        return Multiply(first, power) ^ second;
    }

    private static uint Multiply(uint a, uint b)
    {
        uint product = 0;
        for (uint bit = 0x80000000; bit != 0; bit >>= 1)
        {
            if ((a & bit) != 0)
            {
                product ^= b;
            }

            b = (b >> 1) ^ ((b & 1) != 0 ? ReversedPolynomial : 0);
        }

        return product;
    }
}
