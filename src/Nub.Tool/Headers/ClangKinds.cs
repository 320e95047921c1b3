namespace Nub.Tool.Headers;

/// <summary>The numbers of clang-c/Index.h that are looked at.</summary>
internal static class ClangKinds
{
    public const int StructDeclaration = 2;
    public const int UnionDeclaration = 3;
    public const int TypedefDeclaration = 20;

    public const int Bool = 3;
    public const int CharUnsigned = 4;
    public const int UnsignedChar = 5;
    public const int Char16 = 6;
    public const int Char32 = 7;
    public const int UnsignedShort = 8;
    public const int UnsignedInt128 = 12;
    public const int CharSigned = 13;
    public const int SignedChar = 14;
    public const int WideChar = 15;
    public const int Short = 16;
    public const int Int128 = 20;
    public const int Float = 21;
    public const int Double = 22;
    public const int Half = 31;
    public const int Float16 = 32;
    public const int Pointer = 101;
    public const int Record = 105;
    public const int Enum = 106;
    public const int Typedef = 107;
    public const int ConstantArray = 112;
    public const int IncompleteArray = 114;
    public const int Elaborated = 119;
    public const int Atomic = 177;

    public const int SeverityError = 3;

    public const int Continue = 1;
}
