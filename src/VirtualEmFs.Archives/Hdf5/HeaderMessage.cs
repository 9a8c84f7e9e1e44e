namespace VirtualEmFs.Archives.Hdf5;

/// <summary>Types of object header messages (specification IV.A.2).</summary>
internal enum MessageType
{
    Null = 0x00,
    Dataspace = 0x01,
    LinkInfo = 0x02,
    Datatype = 0x03,
    OldFillValue = 0x04,
    FillValue = 0x05,
    Link = 0x06,
    ExternalFiles = 0x07,
    Layout = 0x08,
    FilterPipeline = 0x0B,
    Attribute = 0x0C,
    SharedMessageTable = 0x0F,
    Continuation = 0x10,
    SymbolTable = 0x11,
    BTreeKValues = 0x13,
    AttributeInfo = 0x15,
}

/// <summary>One message of an object header.</summary>
/// <param name="Data">The message without its own header.</param>
/// <param name="Address">Where <paramref name="Data"/> stands in the file; compact samples lie inside.</param>
/// <param name="IsShared">The data only say where the message is (<see cref="SharedMessages"/>).</param>
internal readonly record struct HeaderMessage(MessageType Type, ReadOnlyMemory<byte> Data, long Address, bool IsShared);
