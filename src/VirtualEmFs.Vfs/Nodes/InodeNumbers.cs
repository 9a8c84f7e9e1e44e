using System.Security.Cryptography;

namespace VirtualEmFs.Vfs.Nodes;

/// <summary>Makes st_ino: from what a file of the source is, so that it is the same after a remount; of a new file at random, and kept with it.</summary>
internal static class InodeNumbers
{
    /// <summary>st_ino of the root.</summary>
    public const ulong Root = 1;

    /// <summary>A 64-bit mix; never 0 (no inode) or 1 (the root).</summary>
    public static ulong Mix(ulong device, ulong inode, NodeFlavour flavour, int member)
    {
        ulong mixed = Scramble(Scramble(Scramble(device) ^ inode) ^ (((ulong)(uint)member << 8) | (byte)flavour));
        return mixed <= Root ? mixed + 2 : mixed;
    }

    /// <summary>
    /// Of a new staged file. Its raw file's number would not do: disks give that to another raw file as soon as this one is archived, and programs take two
    /// files of one number for the same (cp refuses, diff does not look).
    /// </summary>
    public static ulong New()
    {
        Span<byte> bytes = stackalloc byte[sizeof(ulong)];
        RandomNumberGenerator.Fill(bytes);
        return Math.Max(BitConverter.ToUInt64(bytes), Root + 1);
    }

    /// <summary>The finalizer of splitmix64: a bijection that spreads every bit.</summary>
    private static ulong Scramble(ulong value)
    {
        unchecked
        {
            value += 0x9e3779b97f4a7c15;
            value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
            value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
            return value ^ (value >> 31);
        }
    }
}
