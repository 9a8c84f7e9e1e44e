using System.Collections.Immutable;
using VirtualEmFs.Frames;

namespace VirtualEmFs.Archives.Hdf5;

/// <summary>Classes of datatypes.</summary>
internal enum DatatypeClass
{
    FixedPoint = 0,
    FloatingPoint = 1,
    Time = 2,
    String = 3,
    BitField = 4,
    Opaque = 5,
    Compound = 6,
    Reference = 7,
    Enumeration = 8,
    VariableLength = 9,
    Array = 10,
    Complex = 11,
}

/// <summary>The datatype message (specification IV.A.2.d). Members of compounds are not read: their size suffices to step over them.</summary>
internal sealed record Datatype
{
    private const int MaximumNesting = 8;

    public required DatatypeClass Class { get; init; }

    /// <summary>Length of one element in bytes.</summary>
    public required int SizeBytes { get; init; }

    /// <summary>Numbers only.</summary>
    public bool IsBigEndian { get; init; }

    /// <summary>Fixed point only.</summary>
    public bool IsSigned { get; init; }

    /// <summary>First bit of a number that counts, from the least significant.</summary>
    public int BitOffset { get; init; }

    /// <summary>Bits of a number that count.</summary>
    public int BitPrecision { get; init; }

    /// <summary>Fill of the bits that do not count is zero.</summary>
    public bool IsZeroPadded { get; init; }

    /// <summary>Floating point of exactly IEEE 754's half, single or double format.</summary>
    public bool IsIeee { get; init; }

    /// <summary>Variable length: text rather than a sequence.</summary>
    public bool IsVariableText { get; init; }

    /// <summary>Fixed-length text ends at its first NUL; otherwise it is padded.</summary>
    public bool IsSpacePadded { get; init; }

    /// <summary>Element of an enumeration, array or variable-length sequence.</summary>
    public Datatype? Base { get; init; }

    /// <summary>Dimensions of an array type.</summary>
    public ImmutableArray<int> ArrayDimensions { get; init; } = [];

    public static Datatype Parse(ReadOnlySpan<byte> bytes)
    {
        var fields = new FieldReader(bytes, default, "datatype");
        return Parse(ref fields, 0);
    }

    /// <summary>The sample type with the same values; null where there is none.</summary>
    public SampleType? AsSampleType()
    {
        switch (Class)
        {
            case DatatypeClass.Enumeration:
                return Base!.AsSampleType();
            case DatatypeClass.FloatingPoint when IsIeee:
                return SizeBytes switch { 2 => SampleType.Float16, 4 => SampleType.Float32, _ => SampleType.Float64 };
            case DatatypeClass.FixedPoint:
                // Unsigned numbers with spare zero bits on top read as they are; a shifted or signed one would need more.
                bool isWhole = BitOffset == 0 && (BitPrecision == SizeBytes * 8 || (!IsSigned && IsZeroPadded && BitPrecision < SizeBytes * 8));
                return !isWhole ? null : (SizeBytes, IsSigned) switch
                {
                    (1, true) => SampleType.Int8,
                    (1, false) => SampleType.UInt8,
                    (2, true) => SampleType.Int16,
                    (2, false) => SampleType.UInt16,
                    (4, true) => SampleType.Int32,
                    (4, false) => SampleType.UInt32,
                    (8, true) => SampleType.Int64,
                    (8, false) => SampleType.UInt64,
                    _ => null,
                };
            default:
                return null;
        }
    }

    private static Datatype Parse(ref FieldReader fields, int nesting)
    {
        if (nesting > MaximumNesting)
        {
            throw new Hdf5FormatException("a datatype is nested too deeply");
        }

        byte classAndVersion = fields.U8();
        int version = classAndVersion >> 4;
        var datatypeClass = (DatatypeClass)(classAndVersion & 0x0F);
        if (version is < 1 or > 5)
        {
            throw new Hdf5FormatException($"a datatype has the unknown version {version}");
        }

        int bits = (int)fields.Unsigned(3);
        uint sizeBytes = fields.U32();
        if (sizeBytes is 0 or > int.MaxValue)
        {
            throw new Hdf5FormatException($"a datatype has elements of {sizeBytes} bytes");
        }

        var type = new Datatype { Class = datatypeClass, SizeBytes = (int)sizeBytes };
        return datatypeClass switch
        {
            DatatypeClass.FixedPoint or DatatypeClass.BitField => ParseFixedPoint(type, bits, ref fields),
            DatatypeClass.FloatingPoint => ParseFloatingPoint(type, bits, ref fields),
            DatatypeClass.String => type with { IsSpacePadded = (bits & 0x0F) == 2 },
            DatatypeClass.Enumeration => ParseEnumeration(type, ref fields, nesting),
            DatatypeClass.VariableLength => type with { IsVariableText = (bits & 0x0F) == 1, Base = Parse(ref fields, nesting + 1) },
            DatatypeClass.Array => ParseArray(type, version, ref fields, nesting),
            DatatypeClass.Time or DatatypeClass.Opaque or DatatypeClass.Compound or DatatypeClass.Reference or DatatypeClass.Complex => type,
            _ => throw new Hdf5FormatException($"a datatype is of the unknown class {(int)datatypeClass}"),
        };
    }

    private static Datatype ParseFixedPoint(Datatype type, int bits, ref FieldReader fields)
    {
        type = type with
        {
            IsBigEndian = (bits & 1) != 0, IsZeroPadded = (bits & 4) == 0, IsSigned = (bits & 8) != 0, BitOffset = fields.U16(), BitPrecision = fields.U16(),
        };
        return type.BitPrecision > 0 && type.BitOffset + type.BitPrecision <= (long)type.SizeBytes * 8
            ? type
            : throw new Hdf5FormatException($"a datatype has {type.BitPrecision} bits in {type.SizeBytes} bytes");
    }

    private static Datatype ParseFloatingPoint(Datatype type, int bits, ref FieldReader fields)
    {
        if ((bits & 0x40) != 0)
        {
            throw new Hdf5FormatException("a datatype has VAX byte order, which is not supported");
        }

        int signBit = (bits >> 8) & 0xFF;
        bool hasImpliedOne = ((bits >> 4) & 3) == 2;
        int bitOffset = fields.U16();
        int bitPrecision = fields.U16();
        (int exponentBit, int exponentBits, int mantissaBit, int mantissaBits, uint bias) =
            (fields.U8(), fields.U8(), fields.U8(), fields.U8(), fields.U32());
        var format = (type.SizeBytes, bitOffset, bitPrecision, signBit, exponentBit, exponentBits, mantissaBit, mantissaBits, bias);
        return type with
        {
            IsBigEndian = (bits & 1) != 0,
            BitOffset = bitOffset,
            BitPrecision = bitPrecision,
            IsIeee = hasImpliedOne && (format == (2, 0, 16, 15, 10, 5, 0, 10, 15u)
                || format == (4, 0, 32, 31, 23, 8, 0, 23, 127u)
                || format == (8, 0, 64, 63, 52, 11, 0, 52, 1023u)),
        };
    }

    private static Datatype ParseEnumeration(Datatype type, ref FieldReader fields, int nesting)
    {
        // Names and values follow; the values stand for themselves.
        Datatype baseType = Parse(ref fields, nesting + 1);
        return baseType.SizeBytes == type.SizeBytes
            ? type with { Base = baseType, IsBigEndian = baseType.IsBigEndian, IsSigned = baseType.IsSigned }
            : throw new Hdf5FormatException("an enumeration differs in size from its numbers");
    }

    private static Datatype ParseArray(Datatype type, int version, ref FieldReader fields, int nesting)
    {
        int rank = fields.U8();
        fields.Skip(version < 3 ? 3 : 0);
        var dimensions = ImmutableArray.CreateBuilder<int>(rank);
        for (int i = 0; i < rank; i++)
        {
            dimensions.Add((int)fields.U32());
        }

        fields.Skip(version < 3 ? 4 * rank : 0); // permutation
        return type with { ArrayDimensions = dimensions.MoveToImmutable(), Base = Parse(ref fields, nesting + 1) };
    }
}
